/** Lets work on one target go on only after all earlier work on it has ended. */
export interface TargetTurns {
  /**
   * Runs work when it is its turn.
   *
   * @param target Names what must not be worked on twice at a time.
   * @param work The work; whether it fails is nothing to whoever comes next.
   * @returns What the work gives.
   */
  run<Result>(target: string, work: () => Promise<Result>): Promise<Result>;
}

/** @returns Turns of their own; a target takes memory while somebody works on it or waits. */
export function createTargetTurns(): TargetTurns {
  const last = new Map<string, Promise<unknown>>();
  return {
    async run(target, work) {
      const before = last.get(target);
      const turn = before === undefined ? work() : before.then(work, work);
      last.set(target, turn);
      try {
        return await turn;
      } finally {
        if (last.get(target) === turn) last.delete(target);
      }
    },
  };
}
