/** The policy's manifest.json, which the build lays here. */
declare const manifest: import("quorate").Manifest;
export default manifest;
