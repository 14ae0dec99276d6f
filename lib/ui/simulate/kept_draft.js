// Keeps the draft in this tab, so that a reload finds it. It is kept nowhere else: a payload may hold secrets.
const LONGEST = 500000;

export default function keep({ data, setTriggerValue }) {
  const draft = JSON.stringify(data.draft);
  try {
    const kept = sessionStorage.getItem(data.name);
    if (data.fresh && kept && kept !== draft) {
      setTriggerValue("found", JSON.parse(kept));
    } else if (draft.length <= LONGEST) {
      sessionStorage.setItem(data.name, draft);
    }
  } catch {
    // Without room, or where the browser keeps nothing, a reload begins anew.
  }
}
