/* Starts the viewer of openapi.json with everything off that would ask another host. */
Scalar.createApiReference("#explorer", {
  url: "openapi.json",
  withDefaultFonts: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  documentDownloadType: "none",
  persistAuth: false,
});
