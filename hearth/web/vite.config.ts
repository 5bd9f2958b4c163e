// Builds dist/: hashed chunks, each with its .br and .gz beside it, for hearth/net/rest/static.py.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import solid from "vite-plugin-solid";
import { defineConfig } from "vitest/config";

/** What the browser gets is compressed once, here. */
function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    closeBundle() {
      const dist = join(import.meta.dirname, "dist");
      for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
        if (!/\.(js|css|html|svg|json|webmanifest)$/.test(name)) continue;
        const body = readFileSync(join(dist, name));
        writeFileSync(
          join(dist, `${name}.br`),
          brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
        );
        writeFileSync(join(dist, `${name}.gz`), gzipSync(body, { level: 9 }));
      }
    },
  };
}

/** RNNoise's WebAssembly as a file of its own: its package has it only inside of a script. */
function rnnoise(): Plugin {
  const name = "virtual:rnnoise";
  let build = false;
  return {
    name: "rnnoise",
    configResolved(config) {
      build = config.command === "build";
    },
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load(id) {
      if (id !== `\0${name}`) return undefined;
      const script = readFileSync(join(import.meta.dirname, "node_modules/@jitsi/rnnoise-wasm/dist/rnnoise-sync.js"), "utf8");
      const [, body] = /base64,([A-Za-z0-9+/=]{1000,})/.exec(script) ?? [];
      if (!body) this.error("There is no WebAssembly in @jitsi/rnnoise-wasm.");
      // What serves while one writes has no place to put a file.
      if (!build) return `export const moduleUrl = "data:application/wasm;base64,${body}";`;
      const file = this.emitFile({ type: "asset", name: "rnnoise.wasm", source: Buffer.from(body as string, "base64") });
      return `export const moduleUrl = import.meta.ROLLUP_FILE_URL_${file};`;
    },
  };
}

export default defineConfig({
  plugins: [solid(), precompressed(), rnnoise()],
  build: {
    target: "es2024",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": "http://127.0.0.1:8080", "/gateway": { target: "ws://127.0.0.1:8080", ws: true } } },
  test: { environment: "node", include: ["src/**/*.test.ts", "tests/**/*.test.ts"] },
});
