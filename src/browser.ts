/**
 * What a host in a browser gives to the host APIs that it makes itself.
 *
 * @module
 */
export { createBrowserNetwork } from "./host-api/network.browser.ts";
