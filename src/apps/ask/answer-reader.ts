import { createParser, type EventSourceParser } from "eventsource-parser";
import { NearfoldError } from "../../errors.ts";

export interface Generated {
  /** Whether the model was cut off at its longest answer. */
  readonly cut: boolean;
}

/** UTF-16 units of the longest answer. */
const LONGEST = 1_000_000;
/** Of an event, or of an answer in one piece. */
const LONGEST_EVENT = 4 * 2 ** 20;

/** The body of a service's answer, as a stream of events or in one piece, as it comes. */
export class AnswerReader {
  readonly #url: string;
  readonly #onText: (text: string) => void;
  readonly #decoder = new TextDecoder();
  /** Undefined for an answer in one piece. */
  #parser: EventSourceParser | undefined;
  #body = "";
  #length = 0;
  #finish: string | undefined;
  #done = false;

  constructor(url: string, onText: (text: string) => void) {
    this.#url = url;
    this.#onText = onText;
  }

  /** Whether something of the answer was passed on. */
  get began(): boolean {
    return this.#length > 0;
  }

  begin(isStream: boolean): void {
    if (!isStream) return;
    this.#parser = createParser({
      onEvent: ({ data }) => this.#read(data),
      onError: (cause) => {
        if (cause.type === "max-buffer-size-exceeded")
          throw this.#wrong("too-large", "an event of the answer is too long");
      },
      maxBufferSize: LONGEST_EVENT,
    });
  }

  /** True once nothing more is to come. @throws bad-input, too-large */
  push(bytes: Uint8Array): boolean {
    const text = this.#decoder.decode(bytes, { stream: true });
    if (this.#parser) this.#parser.feed(text);
    else this.#body += text;
    if (this.#body.length > LONGEST_EVENT) throw this.#wrong("too-large", "the answer is too long");
    return this.#done;
  }

  /** @throws io for a stream that ended before the answer did, bad-input */
  end(): Generated {
    if (!this.#parser) this.#read(this.#body);
    if (!this.#done && this.#finish === undefined) {
      if (!this.began) throw new Error("the stream ended before the answer");
      throw this.#wrong("io", "the answer broke off", "the end of the stream");
    }
    return { cut: this.#finish === "length" };
  }

  #read(data: string): void {
    if (data.trim() === "[DONE]") {
      this.#done = true;
      return;
    }
    const { error, choices } = this.#parse(data);
    if (error !== undefined && error !== null) {
      const said = typeof error === "object" && "message" in error ? error.message : error;
      throw this.#wrong("bad-input", "the service gave an error", String(said).slice(0, 200));
    }
    const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
    // The last event of some services counts tokens, and has no choice.
    if (this.#parser && Array.isArray(choices) && choices.length === 0) return;
    const { delta, message, finish_reason } = this.#object(choice, data);
    if (typeof finish_reason === "string") this.#finish = finish_reason;
    else if (!this.#parser) this.#finish = "stop";
    const { content } = this.#object(this.#parser ? (delta ?? {}) : message, data);
    if (content === undefined || content === null) return;
    if (typeof content !== "string") throw this.#noAnswer(data);
    this.#say(content);
  }

  #say(text: string): void {
    this.#length += text.length;
    if (this.#length > LONGEST) throw this.#wrong("too-large", "the answer is too long");
    if (text !== "") this.#onText(text);
  }

  #parse(data: string): Readonly<Record<string, unknown>> {
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch {
      throw this.#noAnswer(data);
    }
    return this.#object(value, data);
  }

  #object(value: unknown, data: string): Readonly<Record<string, unknown>> {
    if (typeof value !== "object" || value === null) throw this.#noAnswer(data);
    return value as Readonly<Record<string, unknown>>;
  }

  #noAnswer(data: string): NearfoldError {
    const got = JSON.stringify(data.slice(0, 100));
    const wanted = 'an object with "choices"';
    return new NearfoldError("bad-input", "not an answer of a chat", {
      at: this.#url,
      got,
      wanted,
    });
  }

  #wrong(code: "bad-input" | "too-large" | "io", what: string, got?: string): NearfoldError {
    return new NearfoldError(code, what, { at: this.#url, ...(got !== undefined && { got }) });
  }
}
