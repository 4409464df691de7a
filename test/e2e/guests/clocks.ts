/** Says what its clocks and its randomness say, twice over. */
export function call(): string {
  const look = () => [Date.now(), new Date().toISOString(), Math.random()];
  return JSON.stringify({ summary: "looked", content: JSON.stringify([look(), look()]) });
}
