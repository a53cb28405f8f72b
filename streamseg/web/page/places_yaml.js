/** A stream's zones and lines as the YAML of a configuration (docs/zones.md). */

/** The text, ready to be put into a file. */
export function yamlOf(stream, { zones, lines }) {
  const text = ["streams:", `  - source: ${scalar(stream.source)}`, `    name: ${scalar(stream.name)}`];
  if (zones.length) text.push("    zones:", ...zones.map((zone) => `      - ${flow(zone)}`));
  if (lines.length) text.push("    lines:", ...lines.map((line) => `      - ${flow(line)}`));
  return `${text.join("\n")}\n`;
}

/** What is not set, or as it is by itself, is left out. */
function flow(fields) {
  const set = Object.entries(fields).filter(
    ([name, value]) => value !== null && value !== undefined && !(name === "kind" && value === "watch"),
  );
  return `{${set.map(([name, value]) => `${name}: ${scalar(value)}`).join(", ")}}`;
}

/** JSON is YAML; only words that could be nothing else go without quotes. */
function scalar(value) {
  if (Array.isArray(value)) return `[${value.map(scalar).join(", ")}]`;
  const plain =
    typeof value === "string" &&
    /^[A-Za-z][A-Za-z0-9_-]*$/.test(value) &&
    !/^(y|n|yes|no|on|off|true|false|null)$/i.test(value);
  return plain ? value : JSON.stringify(value);
}
