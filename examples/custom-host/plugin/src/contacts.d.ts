// What plugin/wit/contacts.wit is in TypeScript: names in camel case, and every answer JSON.
declare module "acme:crm/contacts@1.0.0" {
  export function find(name: string, limit: number): string;
  export function addNote(id: number, note: string): string;
}
