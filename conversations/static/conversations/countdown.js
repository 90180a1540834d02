// How long until something ends by itself: <time datetime="…" data-countdown> counts down to it, data-clock to the
// second; data-since says in words ("for {time}", data-now in the first minute) how long it has been.
(() => {
  "use strict";

  const span = (minutes) => (minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`);
  const words = (seconds) => {
    if (seconds < 60) return `${seconds} s`;
    return span(Math.ceil(seconds / 60));
  };

  const clock = (seconds) => {
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    const rest = String(seconds % 60).padStart(2, "0");
    return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
  };

  const count = () => {
    for (const time of document.querySelectorAll("time[data-since]")) {
      const minutes = Math.floor((Date.now() - Date.parse(time.dateTime)) / 60_000);
      const said = minutes < 1 ? time.dataset.now : time.dataset.since.replace("{time}", span(minutes));
      if (time.textContent !== said) time.textContent = said;
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
