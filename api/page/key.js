// The reader's key, where the server asks for one: kept until the tab is closed, in no address.

const NAME = "tandem.key";

let key = kept();

function kept() {
  try {
    return sessionStorage.getItem(NAME) ?? "";
  } catch {
    return ""; // storage is forbidden: a key for as long as the page lives
  }
}

/** Ask with that key from now on. */
export function useKey(given) {
  key = given.trim();
  try {
    sessionStorage.setItem(NAME, key);
  } catch {
    // as above
  }
}

/** The headers that say who asks. */
export const authorization = () => (key ? { Authorization: `Bearer ${key}` } : {});
