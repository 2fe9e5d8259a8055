import type { Encoded, Encoder } from "../encoder/index.ts";
import { NearfoldError } from "../errors.ts";
import type { Role } from "../models/model.ts";
import { mapAhead } from "./map-ahead.ts";
import type { Window } from "./window.ts";

export type EncodedWindow = Window & Encoded;

export interface EncodeWindowsOptions {
  readonly role: Role;
  readonly dims: number;
  /** Texts that an earlier run was done with, for the progress. @default 0 */
  readonly before?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch. */
  readonly onProgress?: ((progress: WindowProgress) => void) | undefined;
}

export interface WindowProgress {
  /** Texts encoded so far, by an earlier run too. */
  readonly texts: number;
  /** Texts that all of the input will have come to, at a guess until it was read to its end. */
  readonly total: number;
}

/** Windows under way while one is written: their texts are read and tokenized meanwhile, and no session waits for the last batch of the one before. */
const AHEAD = 1;

/**
 * Windows with their vectors, in order. Within each, texts of like length make the batches.
 * @throws as `Encoder.encode`, a vector that is not of numbers by the rows among which it is
 */
export function encodeWindows(
  encoder: Encoder,
  windows: AsyncIterable<Window>,
  { role, dims, before = 0, signal, onProgress }: EncodeWindowsOptions,
): AsyncGenerator<EncodedWindow> {
  let [begun, texts, share] = [before, before, 1];
  const encode = async (window: Window, unwanted: AbortSignal): Promise<EncodedWindow> => {
    begun += window.documents.length;
    share = window.share;
    let known = 0;
    const encoding = encoder.encode(
      window.documents.map(({ text }) => text),
      {
        role,
        dims,
        signal: signal ? AbortSignal.any([signal, unwanted]) : unwanted,
        onProgress: (done) => {
          texts += done.texts - known;
          known = done.texts;
          onProgress?.({ texts, total: guessTotal(begun, share) });
        },
      },
    );
    const encoded = await encoding.catch((error: unknown) => {
      throw placed(error, window);
    });
    return { ...window, ...encoded };
  };
  return mapAhead(windows, encode, AHEAD);
}

/** How many texts there will have been when so many are a share of them; of a pipe no share is known. */
function guessTotal(texts: number, share: number): number {
  return share > 0 ? Math.max(texts, Math.round(texts / share)) : texts;
}

/** The encoder counts texts, and people rows. */
function placed(error: unknown, { documents }: Window): unknown {
  if (!(error instanceof NearfoldError) || error.code !== "not-finite") return error;
  const at = `${documents[0].at} to ${documents.at(-1)!.at}`;
  return new NearfoldError("not-finite", "a vector is not of numbers", { at, cause: error });
}
