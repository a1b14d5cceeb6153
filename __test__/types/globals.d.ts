// What the AI SDK's types expect of a browser's, and Node's do not have.
type HeadersInit = ConstructorParameters<typeof Headers>[0]
