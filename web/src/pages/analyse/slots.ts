/** The inputs of a run: which datasets stand in which slot of the recipe. */
import type { DatasetCard, JobPageOut, OfferOut, SlotOut } from '@/api/types';

export interface SlotItem {
  pid: string;
  title: string;
  /** Absent for inputs taken over from an earlier job whose card was not sent. */
  card?: DatasetCard;
}

export type SlotItems = Record<string, SlotItem[]>;

export function initialSlots(offer: OfferOut, repeats: JobPageOut | undefined): SlotItems {
  const cards = new Map([...Object.values(offer.inputs), ...Object.values(offer.suggestions)].flat().map((card) => [card.pid, card]));
  const item = (pid: string, title: string): SlotItem => {
    const card = cards.get(pid);
    return { pid, title, ...(card && { card }) };
  };
  return Object.fromEntries(
    offer.recipe.inputs.map(({ name }) => {
      if (!repeats) return [name, (offer.inputs[name] ?? []).map((card) => ({ pid: card.pid, title: card.title, card }))];
      return [name, repeats.inputs.filter((input) => input.slot === name && !input.hidden).map(({ pid, title }) => item(pid, title))];
    }),
  );
}

/** What is wrong with a slot's contents, if anything. With one job per dataset the main slot takes them all. */
export function slotFault(slot: SlotOut, items: readonly SlotItem[], each: boolean): string | null {
  if (items.length < slot.minimum) return slot.minimum === 1 ? 'A dataset is needed here.' : `At least ${String(slot.minimum)} datasets are needed here.`;
  if (!each && slot.maximum !== null && items.length > slot.maximum) return `At most ${String(slot.maximum)} here.`;
  return null;
}
