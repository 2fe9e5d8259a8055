import { NOT_FOUND } from "./prompt.ts";

/** Holds an answer back until it is clear that it is none of "not in the documents". */
export class Opening {
  #held = "";
  #state: "open" | "answer" | "none" = "open";

  /** Whether the model said that the passages don't answer. */
  get saysNotFound(): boolean {
    return this.#state === "none";
  }

  push(text: string): string {
    if (this.#state === "answer") return text;
    if (this.#state === "none") return "";
    this.#held += text;
    const begun = this.#held.replace(/^[\s"'*`]+/, "");
    if (begun.startsWith(NOT_FOUND)) this.#state = "none";
    else if (!NOT_FOUND.startsWith(begun)) this.#state = "answer";
    return this.#state === "answer" ? this.end() : "";
  }

  /** What was held of an answer that ended early. */
  end(): string {
    const held = this.#state === "none" ? "" : this.#held;
    this.#held = "";
    return held;
  }
}
