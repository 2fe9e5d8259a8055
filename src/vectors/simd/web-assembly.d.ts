/** What is used of a global that TypeScript declares for browsers alone. */
declare const WebAssembly: {
  readonly Module: {
    new (bytes: Uint8Array<ArrayBuffer>): object;
    exports(module: object): { readonly name: string }[];
  };
  readonly Instance: new (
    module: object,
    imports: { readonly host: Readonly<Record<string, WasmMemory>> },
  ) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Memory: new (pages: {
    readonly initial: number;
    readonly maximum?: number;
  }) => WasmMemory;
};

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
