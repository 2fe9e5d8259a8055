/** What is kept beside a vector; it comes back with each hit. JSON values. */
export type Payload = Readonly<Record<string, unknown>>;
