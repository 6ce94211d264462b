// What people do is told to the event log, in the shape of UBI 1.3.
//
// What counts as shown: a list that a person asked for (Enter, the button, a suggestion, a filter,
// an order, a ranking, a person, the next page, an opened link) is asked with record=true. What
// comes by itself (typing paused, Back, the first look at the collection) is a preview, asked with
// record=false; only when somebody uses it, by opening a hit or asking for more, the same is asked
// once again with record=true. So keystrokes never are impressions, and no click is without one.
// The comparison of rankings is a view of the engines and is never recorded.

import { ApiError, post } from "./api.js";

/** A random name for this browser (localStorage) or this visit (sessionStorage): no person's. */
function nameIn(storage, key) {
  try {
    const known = storage().getItem(key);
    if (known) return known;
    const made = randomName();
    storage().setItem(key, made);
    return made;
  } catch {
    return randomName(); // storage is forbidden: a name for as long as the page lives
  }
}

function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const CLIENT = nameIn(() => localStorage, "tandem.client");
export const SESSION = nameIn(() => sessionStorage, "tandem.session");

const opened = new Set();

/** Tell that a hit was opened, once a query: to fold it up and open it again is no other click.
 * `queryId` is the recorded list's. A log that is down costs the event, not the click. */
export async function tellClick(queryId, hit, person) {
  const click = JSON.stringify([queryId, hit.document_id]);
  if (opened.has(click)) return;
  opened.add(click);
  const event = {
    event_id: randomName(),
    action_name: "click",
    query_id: queryId,
    client_id: CLIENT,
    session_id: SESSION,
    timestamp: new Date().toISOString(),
    event_attributes: {
      object: { object_id: hit.document_id },
      position: { ordinal: hit.rank },
    },
  };
  if (person) event.user_id = person;
  try {
    await post("/v1/events", event);
  } catch (error) {
    opened.delete(click);
    if (!(error instanceof ApiError)) throw error;
  }
}
