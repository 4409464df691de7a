/** How Node trusts servers. */
export interface TlsOptions {
  /** Certificates of authorities, in PEM, instead of the ones that Node comes with. */
  readonly ca?: string | readonly string[] | undefined;
}

/** Says whether an error's code is about certificates or the TLS handshake. */
export function tlsFailure(code: string): boolean {
  return /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|UNABLE_TO|SELF_SIGNED|HOSTNAME_|EPROTO)/u.test(code);
}
