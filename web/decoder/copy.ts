// Copying within what was decoded already, in AssemblyScript.

/** Copy `length` bytes from `offset` before `d`; what is copied may itself be the source of what follows. */
export function repeat(d: usize, offset: usize, length: usize, targetEnd: usize): void {
  const from = d - offset;
  if (offset == 1) {
    memory.fill(d, load<u8>(from), length);
  } else if (offset >= 16 && length <= 128 && targetEnd - d >= length + 16) {
    for (let i: usize = 0; i < length; i += 16) v128.store(d + i, v128.load(from + i));
  } else {
    let done: usize = 0;
    while (done < length) {
      const known = offset + done;
      const count = known < length - done ? known : length - done;
      memory.copy(d + done, from, count);
      done += count;
    }
  }
}
