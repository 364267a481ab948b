/**
 * Lua: `bounded(fields, maxFields, maxBytes)` keeps at most that many fields and bytes of what HGETALL gives, names and
 * values each. Whoever may write to the queue's Redis may fill a hash there, and none of it may reach the actuator
 * that it does not read anyway. It takes no command that a Redis user needed no permission for before.
 */
export const BOUNDED_HASH = `
local function bounded(fields, maxFields, maxBytes)
  local kept = {}
  for at = 1, #fields, 2 do
    if #kept >= 2 * maxFields then break end
    if #fields[at] <= maxBytes and #fields[at + 1] <= maxBytes then
      table.insert(kept, fields[at])
      table.insert(kept, fields[at + 1])
    end
  end
  return kept
end
`;

/** Field names and values in turn, as scripts return them. */
export function fieldsOf(reply: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < reply.length; at += 2) fields.set(reply[at] ?? '', reply[at + 1] ?? '');
  return fields;
}
