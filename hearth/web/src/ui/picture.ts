// A picture that somebody chose, made small enough to send.

/** The picture with no longer side than `longestPx`, and whether it had to shrink; throws what to say. */
async function drawn(file: File, longestPx: number): Promise<{ canvas: HTMLCanvasElement; shrunk: boolean }> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error("This is no picture that the browser knows.");
  });
  const scale = Math.min(1, longestPx / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return { canvas, shrunk: scale < 1 };
}

const kilobytes = (bytes: number) => `${Math.floor(bytes / 1024)} KB`;

/** As a data URI. What moves is sent as it is, of up to `mostBytes`. Throws what to say. */
export async function readPicture(file: File, longestPx: number, mostBytes: number): Promise<string> {
  if (file.type !== "image/gif" && file.type.startsWith("image/")) {
    return (await drawn(file, longestPx)).canvas.toDataURL("image/webp", 0.92);
  }
  if (file.size > mostBytes) throw new Error(`This picture is too big: a moving one has at most ${kilobytes(mostBytes)}.`);
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result as string);
    reader.onerror = () => fail(new Error("This file cannot be read."));
    reader.readAsDataURL(file);
  });
}

/** Whether a PNG is one that moves: its control chunk comes before its first data. */
async function moves(file: File): Promise<boolean> {
  const text = new TextDecoder("latin1").decode(await file.arrayBuffer());
  const control = text.indexOf("acTL");
  return control > 0 && control < text.indexOf("IDAT");
}

/** As a PNG or GIF. What moves, or is small enough already, is sent as it is. Throws what to say. */
export async function readDrawing(file: File, longestPx: number, mostBytes: number): Promise<Blob> {
  const { canvas, shrunk } = await drawn(file, longestPx);
  const png = file.type === "image/png";
  if (file.type === "image/gif" || (png && (await moves(file)))) {
    if (!shrunk && file.size <= mostBytes) return file;
    throw new Error(`This picture is too big: a moving one has at most ${kilobytes(mostBytes)}, and ${longestPx} pixels a side.`);
  }
  if (png && !shrunk && file.size <= mostBytes) return file;
  const made = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (!made || made.size > mostBytes) throw new Error(`This picture is too big: it has at most ${kilobytes(mostBytes)}.`);
  return made;
}
