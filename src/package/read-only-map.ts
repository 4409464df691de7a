/**
 * Shows a map to readers who can't change it, not even by calling `Map.prototype.set` on it.
 *
 * @param map The map; it must not change any more.
 * @returns A frozen view with a map's reading half.
 */
export function readOnlyMap<Key, Value>(map: ReadonlyMap<Key, Value>): ReadonlyMap<Key, Value> {
  const view: ReadonlyMap<Key, Value> = {
    size: map.size,
    get: (key) => map.get(key),
    has: (key) => map.has(key),
    keys: () => map.keys(),
    values: () => map.values(),
    entries: () => map.entries(),
    [Symbol.iterator]: () => map.entries(),
    forEach(callback, thisArg) {
      for (const [key, value] of map) callback.call(thisArg, value, key, view);
    },
  };
  return Object.freeze(view);
}
