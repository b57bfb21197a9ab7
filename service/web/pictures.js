// Searching with a picture of the reader: chosen, dropped or pasted; kept in memory, sent only to the service.
import { byId, toast } from "./dom.js";

/** @type {{file: Blob, preview: string}[]} */
const kept = [];

/** The service looks at some 300 pixels: larger pictures are made smaller here, which saves the reader the upload. */
const LARGEST = 1024;
const HEAVY = 600_000;

/**
 * @param {string} number
 * @returns {Blob | undefined} undefined after a reload: pictures are not stored
 */
export const fileOf = (number) => kept[Number(number)]?.file;

/**
 * @param {string} number
 * @returns {string} an address for <img>, empty if the picture is gone
 */
export const previewOf = (number) => kept[Number(number)]?.preview ?? "";

/** @param {Blob} file @returns {Promise<Blob>} */
async function lighter(file) {
  if (file.size < HEAVY) return file;
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
}

/** @param {Blob} file @returns {Promise<string>} */
async function keep(file) {
  // A format the browser cannot read goes as it is: the service may know it.
  const small = await lighter(file).catch(() => file);
  return String(kept.push({ file: small, preview: URL.createObjectURL(small) }) - 1);
}

/** @param {DataTransfer | null} data */
const pictureIn = (data) => [...(data?.files ?? [])].find((file) => file.type.startsWith("image/"));

/** @param {(file: File | undefined) => void} take */
function listenForDrops(take) {
  const carriesFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  const show = (/** @type {boolean} */ shown) => byId("drop").classList.toggle("shown", shown);
  addEventListener("dragover", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    show(true);
  });
  // relatedTarget is empty only when the pointer leaves the window.
  addEventListener("dragleave", (event) => event.relatedTarget ?? show(false));
  addEventListener("drop", (event) => {
    show(false);
    if (!carriesFile(event)) return;
    event.preventDefault();
    take(pictureIn(event.dataTransfer));
  });
}

/**
 * Calls `search` with the number of each picture the reader gives.
 * @param {(number: string) => void} search
 */
export function listen(search) {
  const take = async (/** @type {File | undefined} */ file) => {
    if (file) search(await keep(file));
    else toast("That is not a picture.");
  };
  const input = byId("file");
  for (const id of ["choose", "choose-too"]) byId(id).addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    if (input.files.length) take(input.files[0]);
    input.value = ""; // choosing the same file again must count
  });
  addEventListener("paste", (event) => {
    const file = pictureIn(event.clipboardData);
    if (file) take(file);
  });
  listenForDrops(take);
}
