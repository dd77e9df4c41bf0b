/** Frames as they come, for those who show them without waiting for the page to be rendered anew. */

export class Feed<T> {
  private readonly listeners = new Set<(value: T) => void>();
  latest: T | null = null;

  publish(value: T): void {
    this.latest = value;
    for (const listener of this.listeners) listener(value);
  }

  subscribe(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
