declare module "acme:interface/default@1.0.0-rc.1" {
  const functions: Readonly<Record<string, (text: string) => string>>;
  export = functions;
}
