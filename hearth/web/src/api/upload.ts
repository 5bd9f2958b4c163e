// A file's way to the server: with its progress, and an end before its time.
import { Refusal } from "../core/refusal.ts";
import { refusalOf } from "./client.ts";

/** Put a file's bytes where the server wants them; `progress` goes from 0 to 1. Throws `Refusal`. */
export function put(url: string, file: Blob, progress: (part: number) => void, signal: AbortSignal): Promise<void> {
  // The server's own idea of its address may be another than the page's.
  const { pathname, search } = new URL(url, location.origin);
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("PUT", pathname + search);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onload = () => {
      if (request.status < 300) return done();
      let data: unknown = null;
      try {
        data = JSON.parse(request.responseText);
      } catch {
        // What is in front of the server may answer in its own words.
      }
      fail(refusalOf(request.status, data));
    };
    request.onerror = () => fail(new Refusal(0, 0, "The server does not answer."));
    request.onabort = () => fail(new DOMException("cancelled", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
