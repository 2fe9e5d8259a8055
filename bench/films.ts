/** MovieLens, the small one (Harper and Konstan 2015): who liked which film, and what the films are called. */
import {
  type Feedback,
  type Interaction,
  readInteractions,
  toFeedback,
} from "../src/apps/recommend/index.ts";
import { openInput } from "../src/bulk/index.ts";
import { sequence, shuffle } from "../src/graph/index.ts";
import { shared } from "../test/shared.ts";

const FOLDER = "data/movielens-latest-small";

/** Ratings from which a film counts as liked. */
const LIKED = 4;

/**
 * Likes by user and time. Films that were rated in the same second stand in the order of a seed: the file has them by their number, which says
 * nothing of what came first. Rows that are none (the copy at hand has one) are left out.
 */
export async function readLikes(): Promise<{ feedback: Feedback; bad: number }> {
  const likes: Interaction[] = [];
  let bad = 0;
  const options = {
    fields: { item: "movieId" },
    leastRating: LIKED,
    onBad: () => {
      bad++;
    },
  };
  for await (const like of readInteractions(shared(`${FOLDER}/ratings.csv`), options)) {
    likes.push(like);
  }
  return { feedback: toFeedback(shuffle(likes, sequence(1))), bad };
}

/** "Toy Story (1995) Adventure, Animation": of tags there are none, as those who are asked wrote some of them. */
export async function readFilmTexts(): Promise<ReadonlyMap<string, string>> {
  const path = shared(`${FOLDER}/movies.csv`);
  const { read } = await openInput(path);
  const texts = new Map<string, string>();
  for await (const row of read(path, { id: "movieId", text: "title", metadata: true })) {
    if ("error" in row) continue;
    const { id, text, metadata } = row.document;
    texts.set(id, `${text} ${String(metadata?.genres).replaceAll("|", ", ")}`);
  }
  return texts;
}
