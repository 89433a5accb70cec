export function withCommands(text?: string): Promise<string>;
