/**
 * Writes common/wire/frames.gen.ts from the BTF of bpf/include/abi.h, so that the layout that the
 * compiler gave the structs is the layout that the agent reads. `--stdout` prints it instead.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const header = join(root, 'bpf/include/abi.h');
const target = join(root, 'common/wire/frames.gen.ts');

const INTEGERS = {
  __u8: { type: 'number', size: 1, get: 'getUint8', set: 'setUint8' },
  __u16: { type: 'number', size: 2, get: 'getUint16', set: 'setUint16' },
  __u32: { type: 'number', size: 4, get: 'getUint32', set: 'setUint32' },
  __u64: { type: 'bigint', size: 8, get: 'getBigUint64', set: 'setBigUint64' },
};

const words = (name) => name.toLowerCase().split('_');
const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);
const pascal = (name) => words(name).map(capital).join('');
const camel = (name) => pascal(name).replace(/^./, (letter) => letter.toLowerCase());
const upperSnake = (name) => name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase();

/** `bw_drop_event` is DropEventFrame; what is called a frame already stays FrameHeader. */
function frameName(structName) {
  const name = pascal(structName.replace(/^bw_/, ''));
  return name.startsWith('Frame') ? name : `${name}Frame`;
}

/** Compiles the header and returns its BTF types and its numeric macros. */
function readHeader() {
  const source = readFileSync(header, 'utf8');
  const named = (kind) => [...source.matchAll(new RegExp(`^${kind} (bw_\\w+) \\{`, 'gm'))].map((m) => m[1]);
  const structs = named('struct');
  const enums = named('enum');
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-abi-'));
  try {
    // BTF describes only the types that a variable uses: one variable for each.
    const variables = [
      ...structs.map((name) => `struct ${name} v_${name};`),
      ...enums.map((name) => `enum ${name} v_${name};`),
    ];
    const c = join(folder, 'abi.c');
    const object = join(folder, 'abi.o');
    writeFileSync(c, ['#include <linux/types.h>', '#include "abi.h"', ...variables, ''].join('\n'));
    const include = [
      '-I',
      join(root, 'bpf/include'),
      '-I',
      `/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`,
    ];
    execFileSync('clang', ['-g', '-O2', '-target', 'bpf', ...include, '-c', c, '-o', object]);
    const btf = execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', object], { maxBuffer: 1 << 26 });
    const macros = execFileSync('clang', ['-E', '-dM', ...include, c], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    return { structs, enums, types: JSON.parse(btf.toString()).types, macros };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function renderConstants(macros) {
  const lines = [];
  for (const [, name, value] of macros.matchAll(/^#define BW_(\w+) \(?(-?\d+)\)?$/gm)) {
    lines.push(`export const ${name} = ${value};`);
  }
  return lines.sort().join('\n');
}

/**
 * Members lose the words that they share with the enum's name. A last member that is the plural of
 * that name (BW_LOSS_CAUSES of bw_loss_cause) counts the others and becomes a constant.
 */
function renderEnum(type) {
  let prefix = '';
  for (const word of type.name.toUpperCase().split('_')) {
    if (!type.values.every((value) => value.name.startsWith(`${prefix}${word}_`))) break;
    prefix += `${word}_`;
  }
  const plural = `${words(type.name).at(-1)}s`.toUpperCase();
  const members = type.values.map((value) => ({ ...value, short: value.name.slice(prefix.length) }));
  const count = members.at(-1).short === plural ? members.pop() : undefined;
  const name = pascal(type.name.replace(/^bw_/, ''));
  const lines = [
    `/** \`enum ${type.name}\`. */`,
    `export const ${name} = {`,
    ...members.map((member) => `  ${pascal(member.short)}: ${member.val},`),
    '} as const;',
    `export type ${name} = (typeof ${name})[keyof typeof ${name}];`,
  ];
  if (count) lines.push(`export const ${count.name.replace(/^BW_/, '')} = ${count.val};`);
  return lines.join('\n');
}

/** How one field is typed, read and written. */
function describeField(byId, member) {
  const name = camel(member.name);
  const at = member.bits_offset / 8;
  const where = `offset + ${at}`;
  const type = byId.get(member.type_id);
  const element = type.kind === 'ARRAY' ? byId.get(type.type_id) : type;
  const length = type.nr_elems;
  const integer = INTEGERS[element.name];
  if (type.kind === 'STRUCT') {
    const nested = frameName(type.name);
    return {
      name,
      type: nested,
      read: `decode${nested}(view, ${where})`,
      write: `write${nested}(view, ${where}, frame.${name});`,
    };
  }
  if (type.kind === 'ARRAY' && element.name === 'char') {
    return {
      name,
      type: 'string',
      read: `readText(view, ${where}, ${length})`,
      write: `writeText(view, ${where}, ${length}, frame.${name});`,
    };
  }
  if (type.kind === 'ARRAY' && element.name === '__u8') {
    return {
      name,
      type: 'Uint8Array',
      read: `readBytes(view, ${where}, ${length})`,
      write: `writeBytes(view, ${where}, ${length}, frame.${name});`,
    };
  }
  if (type.kind === 'ARRAY' && element.name === '__u64') {
    return {
      name,
      type: 'BigUint64Array',
      read: `readU64s(view, ${where}, ${length})`,
      write: `writeU64s(view, ${where}, ${length}, frame.${name});`,
    };
  }
  if (!integer || type.kind === 'ARRAY')
    throw new Error(
      `abi.h: field ${member.name} has a type that the codec does not know: ${element.name ?? element.kind}`,
    );
  const littleEndian = integer.size === 1 ? '' : ', true';
  return {
    name,
    type: integer.type,
    read: `view.${integer.get}(${where}${littleEndian})`,
    write: `view.${integer.set}(${where}, frame.${name}${littleEndian});`,
  };
}

function renderStruct(byId, type) {
  const name = frameName(type.name);
  const size = `${upperSnake(name)}_SIZE`;
  const fields = type.members
    .filter((member) => member.name !== 'pad')
    .map((member) => describeField(byId, member));
  return [
    `/** \`struct ${type.name}\`. */`,
    `export interface ${name} {`,
    ...fields.map((field) => `  readonly ${field.name}: ${field.type};`),
    '}',
    '',
    `export const ${size} = ${type.size};`,
    '',
    `/** Reads a \`struct ${type.name}\`; RangeError when fewer than ${size} bytes follow \`offset\`. */`,
    `export function decode${name}(view: DataView, offset: number): ${name} {`,
    `  checkRoom(view, offset, ${size});`,
    '  return {',
    ...fields.map((field) => `    ${field.name}: ${field.read},`),
    '  };',
    '}',
    '',
    `function write${name}(view: DataView, offset: number, frame: ${name}): void {`,
    ...fields.map((field) => `  ${field.write}`),
    '}',
    '',
    `/** The ${size} bytes of a \`struct ${type.name}\`, pads zero. */`,
    `export function encode${name}(frame: ${name}): Uint8Array {`,
    `  const bytes = new Uint8Array(${size});`,
    `  write${name}(new DataView(bytes.buffer), 0, frame);`,
    '  return bytes;',
    '}',
  ].join('\n');
}

const PRELUDE = `/**
 * Generated by tools/generate-frames.mjs from the BTF of bpf/include/abi.h: do not edit.
 * The meaning of each field stands in abi.h; pads are left out here and zero on the wire.
 */
`;

const HELPERS = `const textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
const textEncoder = new TextEncoder();

function checkRoom(view: DataView, offset: number, size: number): void {
  if (offset < 0 || offset + size > view.byteLength) {
    throw new RangeError(\`\${size.toString()} bytes at \${offset.toString()} do not fit in \${view.byteLength.toString()}\`);
  }
}

function readText(view: DataView, offset: number, length: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
  const end = bytes.indexOf(0);
  return textDecoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** What does not fit is cut at a character's boundary. */
function writeText(view: DataView, offset: number, length: number, text: string): void {
  textEncoder.encodeInto(text, new Uint8Array(view.buffer, view.byteOffset + offset, length));
}

function readBytes(view: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
}

function writeBytes(view: DataView, offset: number, length: number, bytes: Uint8Array): void {
  if (bytes.length !== length) throw new RangeError(\`\${bytes.length.toString()} bytes where \${length.toString()} belong\`);
  new Uint8Array(view.buffer, view.byteOffset + offset, length).set(bytes);
}

function readU64s(view: DataView, offset: number, length: number): BigUint64Array {
  const values = new BigUint64Array(length);
  for (let i = 0; i < length; i++) values[i] = view.getBigUint64(offset + 8 * i, true);
  return values;
}

function writeU64s(view: DataView, offset: number, length: number, values: BigUint64Array): void {
  if (values.length !== length) throw new RangeError(\`\${values.length.toString()} values where \${length.toString()} belong\`);
  values.forEach((value, i) => {
    view.setBigUint64(offset + 8 * i, value, true);
  });
}`;

function render() {
  const { structs, enums, types, macros } = readHeader();
  const byId = new Map();
  for (const type of types) byId.set(type.id, type);
  // A typedef such as __u64 is what it is called, not what it stands for.
  const find = (kind, name) => types.find((type) => type.kind === kind && type.name === name);
  return [
    PRELUDE + renderConstants(macros),
    ...enums.map((name) => renderEnum(find('ENUM', name))),
    HELPERS,
    ...structs.map((name) => renderStruct(byId, find('STRUCT', name))),
  ]
    .join('\n\n')
    .concat('\n');
}

const text = render();
if (process.argv.includes('--stdout')) process.stdout.write(text);
else writeFileSync(target, text);
