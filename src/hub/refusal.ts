import { type ErrorCode, type ErrorDetails, NearfoldError } from "../errors.ts";
import { type Asking, hintOf, subjectOf } from "./asking.ts";

/** A refusal in words. */
interface Refusal extends Pick<ErrorDetails, "at" | "got" | "hint"> {
  readonly code: ErrorCode;
  readonly what: string;
}

/**
 * The error for an answer that says no. The Hub's own header tells the kinds of 404 apart
 * (`huggingface_hub/utils/_http.py`, `hf_raise_for_status`).
 */
export function refusal({ status, headers }: Response, asking: Asking): NearfoldError {
  const { code, what, ...details } =
    kinds[headers.get("x-error-code") ?? ""]?.(asking) ??
    statuses[status]?.(asking) ??
    failure(headers, asking);
  return new NearfoldError(code, what, {
    at: subjectOf(asking),
    got: `HTTP ${status}`,
    ...details,
  });
}

const noModel = ({ endpoint, token }: Asking): Refusal => ({
  code: token ? "not-found" : "forbidden",
  what: `${endpoint.href} has no such model${token ? "" : ", or it is private"}`,
  hint: token
    ? "Is its name right, and may the token read it?"
    : "Is its name right? For a private one, give a token (HF_TOKEN)",
});

const noFile = (): Refusal => ({
  code: "not-found",
  what: "the Hub lists this file and does not have it",
});

const tokenRefused = (): Refusal => ({
  code: "forbidden",
  what: "the Hub refuses the token",
  hint: "Is it still valid, and may it read this model?",
});

/** By the header `X-Error-Code`. */
const kinds: Readonly<Record<string, (asking: Asking) => Refusal>> = {
  GatedRepo: ({ endpoint, id, token }) => ({
    code: "forbidden",
    at: id,
    what: "its owner gives access on request",
    hint: `Ask for it on ${endpoint.href}/${id}${token ? "" : ", and give a token (HF_TOKEN)"}`,
  }),
  RepoNotFound: noModel,
  RevisionNotFound: ({ revision }) => ({
    code: "not-found",
    what: "the model has no such branch, tag or commit",
    got: JSON.stringify(revision),
  }),
  EntryNotFound: noFile,
};

const statuses: Readonly<Record<number, (asking: Asking) => Refusal>> = {
  401: (asking) => (asking.token ? tokenRefused() : noModel(asking)),
  403: (asking) => (asking.token ? tokenRefused() : noModel(asking)),
  404: (asking) => (asking.path === undefined ? noModel(asking) : noFile()),
  416: () => ({ code: "mismatch", what: "the file is shorter than the Hub lists it" }),
};

function failure(headers: Headers, asking: Asking): Refusal {
  const wait = headers.get("retry-after") ?? "";
  const said = /^\d{1,6}$/.test(wait) ? `It asks to wait ${wait} s. ` : "";
  const what = `${asking.endpoint.href} fails`;
  return { code: "io", what, hint: `${said}${hintOf(asking)}` };
}
