/** Where text goes. */
export interface CliStream {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** The terminal's width, where there is one. */
  readonly columns: number | undefined;
}

/** What the commands see of the machine: streams, files that the user names, and the way to stop. */
export interface CliIo {
  readonly stdout: CliStream;
  readonly stderr: CliStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /**
   * Reads a file.
   *
   * @throws PluginError `archive/io` when it can't be read, `input/too-large` when it is over the bound.
   */
  readFile(path: string, maxBytes: number): Promise<Uint8Array>;
  /**
   * Reads standard input to its end.
   *
   * @throws PluginError `input/too-large` when it is over the bound.
   */
  readStdin(maxBytes: number): Promise<Uint8Array>;
  /**
   * Asks a question on the terminal that is answered with yes or no.
   *
   * @returns Whether the answer is yes; `undefined` where there is nobody to ask.
   */
  confirm(question: string): Promise<boolean | undefined>;
  /** Fires when the user wants the command to stop. */
  readonly signal: AbortSignal;
}
