export { Composer } from './Composer';
export { Entry } from './Entry';
export { logbookQuery, notesQuery, writeEntry, writeNote } from './queries';
export { default as logbookClasses } from './logbook.module.css';
