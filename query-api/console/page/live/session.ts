const KEY = 'bellwether.token';

/**
 * The token lives in this tab only (sessionStorage): a reload keeps it, closing the tab forgets it.
 * Where storage is refused (a hardened browser), it lives as long as the page does.
 */
export interface TokenStore {
  read(): string | null;
  write(token: string): void;
  forget(): void;
}

export function createTokenStore(storage: Storage): TokenStore {
  let held: string | null = null;
  return {
    read: () => attempt(() => storage.getItem(KEY)) ?? held,
    write: (token) => {
      held = token;
      attempt(() => storage.setItem(KEY, token));
    },
    forget: () => {
      held = null;
      attempt(() => storage.removeItem(KEY));
    },
  };
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
