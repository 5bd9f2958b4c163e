// What the build makes (vite.config.ts).

declare module "virtual:rnnoise" {
  /** Where RNNoise's WebAssembly is. */
  export const moduleUrl: string;
}
