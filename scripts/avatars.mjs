// Portraits of 32×32 in colour, drawn at random from DiceBear's style "Pixel Art" (CC0 1.0), in the files that CIFAR-10 has:
// five of 10,000 to learn from, one of 10,000 held out, and the names of the classes. The same packages give the same files.
//
//   node avatars.mjs FOLDER

import { createAvatar } from '@dicebear/core';
import * as pixelArt from '@dicebear/pixel-art';
import { Resvg } from '@resvg/resvg-js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROWS = 10_000;
const PIXELS = 32 * 32;
const RECORD = 1 + 3 * PIXELS;

const hair = pixelArt.schema.properties.hair.default;
const [short, long] = ['short', 'long'].map((length) => hair.filter((name) => name.startsWith(length)));

// What a class has that others have not. They take turns.
const classes = {
  'short hair': { hair: short },
  'long hair': { hair: long },
  glasses: { glassesProbability: 100 },
  hat: { hatProbability: 100 },
  beard: { hair: short, beardProbability: 100 },
};
const common = {
  size: 32,
  accessoriesProbability: 0,
  beardProbability: 0,
  glassesProbability: 0,
  hatProbability: 0,
  backgroundColor: ['b6e3f4', 'c0aede', 'd1d4f9', 'ffd5dc', 'ffdfbf'],
};
const names = Object.keys(classes);

// The pixels of an avatar, row by row: red, green, blue and opacity, which is 255 everywhere.
function pixels(options, seed) {
  const svg = createAvatar(pixelArt, { ...common, ...options, seed }).toString();
  return new Resvg(svg, { font: { loadSystemFonts: false } }).render().pixels;
}

// A record of CIFAR-10 for each of `ROWS` avatars from number `first` on: the label, then all red, all green and all blue.
function records(first) {
  const bytes = new Uint8Array(ROWS * RECORD);
  for (let row = 0; row < ROWS; row++) {
    const label = (first + row) % names.length;
    const rgba = pixels(classes[names[label]], String(first + row));
    const record = bytes.subarray(row * RECORD, (row + 1) * RECORD);
    record[0] = label;
    for (let i = 0; i < 3 * PIXELS; i++) record[1 + i] = rgba[4 * (i % PIXELS) + Math.floor(i / PIXELS)];
  }
  return bytes;
}

const [folder] = process.argv.slice(2);
const files = ['data_batch_1.bin', 'data_batch_2.bin', 'data_batch_3.bin', 'data_batch_4.bin', 'data_batch_5.bin', 'test_batch.bin'];
files.forEach((file, i) => writeFileSync(join(folder, file), records(i * ROWS)));
writeFileSync(join(folder, 'batches.meta.txt'), names.join('\n') + '\n');
