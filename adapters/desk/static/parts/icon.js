// Line icons, drawn on a grid of 24.
const PATHS = {
  talk: "M4 5h16v11H9l-5 4z",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4",
  back: "M15 5l-7 7 7 7",
  panel: "M4 5h16v14H4zM14 5v14",
  check: "M5 12.500l4.500 4.500L19 7.500",
  twice: "M2 12.500l4.500 4.500L14 9M11 16l1 1 9.500-9.500",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.500l3 2",
  warn: "M12 4l9 16H3zM12 10v4M12 17v.01",
  cross: "M6 6l12 12M18 6L6 18",
  pause: "M9 6v12M15 6v12",
  send: "M5 12h14M13 6l6 6-6 6",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.500 1.500M17.500 17.500L19 19M19 5l-1.500 1.500M6.500 17.500L5 19",
  moon: "M20 14.500A8 8 0 1 1 9.500 4a6.500 6.500 0 0 0 10.500 10.500z",
  auto: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  leave: "M10 5H5v14h5M14 8l4 4-4 4M18 12H9",
  note: "M5 4h14v11l-5 5H5zM14 20v-5h5",
  redo: "M19 12a7 7 0 1 1-2-5l2 2M19 4v5h-5",
  pen: "M4 20l1-4L16 5l3 3L8 19z",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l1.500 2h-15zM10 20.500h4",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  clip: "M19 11.500l-7 7a4.500 4.500 0 0 1-6.400-6.400l7.500-7.500a3 3 0 0 1 4.300 4.300L10 16.300a1.500 1.500 0 0 1-2.100-2.100l6.600-6.600",
  pin: "M12 21s-6.500-6-6.500-11a6.500 6.500 0 0 1 13 0c0 5-6.500 11-6.500 11zM12 8a2.300 2.300 0 1 0 0 4.600A2.300 2.300 0 0 0 12 8z",
  sound: "M5 10v4M9 7v10M13 9v6M17 5v14M21 10v4",
  film: "M4 6h16v12H4zM10 9.500l5 2.500-5 2.500z",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.500 9v.01",
  phone: "M8 3h8v18H8zM11 18h2",
  bin: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  list: "M8 6h12M8 12h12M8 18h12M4 6v.01M4 12v.01M4 18v.01",
  hand: "M7 12V6.500a1.500 1.500 0 0 1 3 0V11V4.500a1.500 1.500 0 0 1 3 0V11V5.500a1.500 1.500 0 0 1 3 0V15a6 6 0 0 1-6 6c-3 0-4-2-6-6.500a1.500 1.500 0 0 1 3-2z",
};

export const Icon = {
  props: { name: String },
  template: `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path :d="path"></path></svg>`,
  computed: {
    path() {
      return PATHS[this.name];
    },
  },
};
