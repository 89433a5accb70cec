export function run(program: string, args: readonly string[], options?: object): void;
export function installWhenStale(): void;
export function buildWhenStale(): void;
