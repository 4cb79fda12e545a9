/** Reads the fields of one message, from its first byte to its last. */
class Reader {
  private position = 0;

  constructor(private readonly bytes: Buffer) {}

  /** Returns the next bytes. */
  take(count: number): Buffer {
    const end = this.position + count;
    if (end > this.bytes.length) throw new RangeError(`The message ends ${end - this.bytes.length} bytes too early`);
    const taken = this.bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }
}

/** One field of a message of the Kafka protocol. */
export interface Field<Value> {
  /** Returns the bytes of a value. */
  write(value: Value): Buffer;
  read(from: Reader): Value;
}

/** The type of the values of a field. */
export type ValueOf<OneField> = OneField extends Field<infer Value> ? Value : never;

function fixed<Value>(length: number, write: (to: Buffer, value: Value) => void, read: (from: Buffer) => Value): Field<Value> {
  return {
    write: (value) => {
      const bytes = Buffer.alloc(length);
      write(bytes, value);
      return bytes;
    },
    read: (from) => read(from.take(length)),
  };
}

export const int8 = fixed<number>(
  1,
  (to, value) => to.writeInt8(value),
  (from) => from.readInt8(),
);
export const int16 = fixed<number>(
  2,
  (to, value) => to.writeInt16BE(value),
  (from) => from.readInt16BE(),
);
export const int32 = fixed<number>(
  4,
  (to, value) => to.writeInt32BE(value),
  (from) => from.readInt32BE(),
);
export const int64 = fixed<bigint>(
  8,
  (to, value) => to.writeBigInt64BE(value),
  (from) => from.readBigInt64BE(),
);
export const boolean = fixed<boolean>(
  1,
  (to, value) => to.writeInt8(value ? 1 : 0),
  (from) => from.readInt8() !== 0,
);

/** A value behind its length, which is -1 for null. */
function sized<Value>(
  length: Field<number>,
  toBytes: (value: Value) => Buffer,
  ofBytes: (bytes: Buffer) => Value,
): Field<Value | null> {
  return {
    write: (value) => {
      if (value === null) return length.write(-1);
      const bytes = toBytes(value);
      return Buffer.concat([length.write(bytes.length), bytes]);
    },
    read: (from) => {
      const count = length.read(from);
      return count < 0 ? null : ofBytes(from.take(count));
    },
  };
}

/** A field that is never null. */
function present<Value>(field: Field<Value | null>): Field<Value> {
  return {
    write: (value) => field.write(value),
    read: (from) => {
      const value = field.read(from);
      if (value === null) throw new TypeError('A field is null that must have a value');
      return value;
    },
  };
}

export const nullableString = sized<string>(int16, (value) => Buffer.from(value), String);
export const string = present(nullableString);
export const nullableBytes = sized<Buffer>(
  int32,
  (value) => value,
  (bytes) => bytes,
);
export const bytes = present(nullableBytes);

/** Any number of one field, or null. */
export function nullableArray<Value>(of: Field<Value>): Field<readonly Value[] | null> {
  return {
    write: (values) =>
      values === null ? int32.write(-1) : Buffer.concat([int32.write(values.length), ...values.map((value) => of.write(value))]),
    read: (from) => {
      const count = int32.read(from);
      return count < 0 ? null : Array.from({ length: count }, () => of.read(from));
    },
  };
}

/** Any number of one field. */
export function array<Value>(of: Field<Value>): Field<readonly Value[]> {
  return present(nullableArray(of));
}

/** Named fields, one after the other. */
export function struct<Fields extends { readonly [name: string]: Field<unknown> }>(
  fields: Fields,
): Field<{ readonly [Name in keyof Fields]: ValueOf<Fields[Name]> }> {
  type Value = { readonly [Name in keyof Fields]: ValueOf<Fields[Name]> };
  const entries = Object.entries(fields) as [keyof Fields, Field<unknown>][];
  return {
    write: (value) => Buffer.concat(entries.map(([name, field]) => field.write(value[name]))),
    read: (from) => Object.fromEntries(entries.map(([name, field]) => [name, field.read(from)])) as Value,
  };
}

/** Reads a whole message. */
export function readAll<Value>(field: Field<Value>, message: Buffer): Value {
  return field.read(new Reader(message));
}
