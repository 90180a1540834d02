// How long until something ends by itself: <time datetime="…" data-countdown> counts down to it, data-clock to the
// second; data-since counts up from it.
(() => {
  "use strict";

  const words = (seconds) => {
    if (seconds < 60) return `${seconds} s`;
    const minutes = Math.ceil(seconds / 60);
    if (minutes < 60) return `${minutes} min`;
    return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  };

  const clock = (seconds) => {
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    const rest = String(seconds % 60).padStart(2, "0");
    return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
  };

  const count = () => {
    for (const time of document.querySelectorAll("time[data-since]")) {
      time.textContent = clock(Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 1000)));
    }
    for (const time of document.querySelectorAll("time[data-countdown]")) {
      const seconds = Math.max(0, Math.floor((Date.parse(time.dateTime) - Date.now()) / 1000));
      const said = "clock" in time.dataset ? clock(seconds) : words(seconds);
      if (time.textContent !== said) time.textContent = said;
      if (seconds > 0 || time.dataset.countdown === "over") continue;
      // Who speaks is decided when it is read: read it again, once.
      time.dataset.countdown = "over";
      const again = time.closest("#pending") ? "refresh-pending" : "refresh-control";
      if (document.getElementById(again)) htmx.trigger(`#${again}`, "over");
    }
  };
  setInterval(count, 1000);
  document.addEventListener("htmx:afterSettle", count);
  count();
})();
