export function picturesHash(): string;
