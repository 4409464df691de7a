/** Pairs of numbers, in the order in which they were added. */
export class Pairs {
  /** How many numbers there are, two a pair. */
  length = 0;
  #numbers = new Int32Array(1024);

  add(first: number, second: number): void {
    if (this.length + 2 > this.#numbers.length) this.#numbers = twice(this.#numbers, Int32Array);
    this.#numbers[this.length] = first;
    this.#numbers[this.length + 1] = second;
    this.length += 2;
  }

  /** The first or second number of the pair that starts at a place below {@link length}. */
  first(at: number): number {
    return this.#numbers[at] as number;
  }

  second(at: number): number {
    return this.#numbers[at + 1] as number;
  }

  each(start: number, visit: (first: number, second: number) => void): void {
    for (let at = start; at < this.length; at += 2) {
      visit(this.#numbers[at] as number, this.#numbers[at + 1] as number);
    }
  }

  /** Orders the pairs from `start` on by their second number, the largest first. */
  sortBySecond(start: number): void {
    if (this.length - start < 4) return;
    const pairs: (readonly [number, number])[] = [];
    this.each(start, (first, second) => pairs.push([first, second]));
    pairs.sort((left, right) => right[1] - left[1]);
    this.length = start;
    for (const [first, second] of pairs) this.add(first, second);
  }
}

/** Numbers with room for twice as many. */
export function twice<Numbers extends Int32Array | Float64Array>(
  numbers: Numbers,
  make: new (length: number) => Numbers,
): Numbers {
  const larger = new make(numbers.length * 2);
  larger.set(numbers);
  return larger;
}
