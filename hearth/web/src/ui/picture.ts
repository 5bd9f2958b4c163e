// A picture that somebody chose, as a data URI that is small enough to send.

/** No longer side than `longestPx`; what moves is sent as it is, of up to `mostBytes`. Throws what to say. */
export async function readPicture(file: File, longestPx: number, mostBytes: number): Promise<string> {
  if (file.type !== "image/gif" && file.type.startsWith("image/")) {
    const bitmap = await createImageBitmap(file).catch(() => {
      throw new Error("This is no picture that the browser knows.");
    });
    const scale = Math.min(1, longestPx / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return canvas.toDataURL("image/webp", 0.92);
  }
  if (file.size > mostBytes) throw new Error(`This picture is too big: a moving one has at most ${Math.floor(mostBytes / 1024)} KB.`);
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result as string);
    reader.onerror = () => fail(new Error("This file cannot be read."));
    reader.readAsDataURL(file);
  });
}
