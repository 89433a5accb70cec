/** The one thing that the core takes from its surroundings, and only by shape: tsconfig.core.json compiles it with ECMAScript's library alone. */
interface AbortSignal {
  throwIfAborted(): void;
}
