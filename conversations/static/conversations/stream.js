// What happens, from the server, for as long as the page stands: one connection after another, and no event lost.
//
// htmx's extension opens a new EventSource each time one ends, later and later, up to a minute. Here it is given one
// that does not end: each connection says with `after` what the page has heard last, and the server answers "ping" when
// that was all, or "gap" when the page has to read again. A change of the network or a waking device tries at once.
(() => {
  "use strict";

  const PING_S = 15; // how often the server says that it is there
  const DEAD_AFTER_S = PING_S * 2 + 10; // after sleep a connection may be dead and not say so
  const AGAIN_MS = [300, 1000, 2000, 4000, 8000]; // the last one repeats
  const ASLEEP_MS = 20_000; // a timer that comes so late: the device slept

  class Stream extends EventTarget {
    #address;
    #source = null;
    #names = new Set();
    #failures = 0;
    #timer = 0;
    #ended = false;
    #tickedAt = Date.now();
    heardAt = Date.now();
    readyState = EventSource.CONNECTING;
    onopen = null;
    onerror = null;

    constructor(address) {
      super();
      this.#address = new URL(address, location.href);
      this.#connect();
      setInterval(() => this.#tick(), 5000);
      addEventListener("online", () => this.#renew());
      addEventListener("offline", () => this.#lose());
      addEventListener("pageshow", (event) => event.persisted && this.#renew());
      document.addEventListener("visibilitychange", () => !document.hidden && this.#isDead() && this.#renew());
    }

    addEventListener(name, listener, ...more) {
      super.addEventListener(name, listener, ...more);
      if (this.#names.has(name)) return;
      this.#names.add(name);
      this.#source?.addEventListener(name, this.#pass);
    }

    // For good: the session is over.
    close() {
      this.#ended = true;
      this.readyState = EventSource.CLOSED;
      this.#drop();
    }

    #pass = (event) => {
      this.heardAt = Date.now();
      if (event.lastEventId) this.#address.searchParams.set("after", event.lastEventId);
      this.dispatchEvent(new MessageEvent(event.type, { data: event.data, lastEventId: event.lastEventId }));
    };

    #connect() {
      this.#drop();
      const source = new EventSource(this.#address, { withCredentials: true });
      this.#source = source;
      for (const name of this.#names) source.addEventListener(name, this.#pass);
      source.onopen = (event) => {
        this.#failures = 0;
        this.heardAt = Date.now();
        this.readyState = EventSource.OPEN;
        this.onopen?.(event);
      };
      source.onerror = () => source === this.#source && this.#lose();
    }

    #drop() {
      clearTimeout(this.#timer);
      this.#source?.close();
      this.#source = null;
    }

    #lose() {
      if (this.#ended) return;
      this.#drop();
      this.readyState = EventSource.CONNECTING;
      this.onerror?.(new Event("error"));
      const wait = AGAIN_MS[Math.min(this.#failures, AGAIN_MS.length - 1)];
      this.#failures += 1;
      // Not all screens at the same moment.
      this.#timer = setTimeout(() => this.#try(), wait * (0.75 + Math.random() / 2));
    }

    // Why a connection failed it never says: ask once in a while whether we are still welcome.
    async #try() {
      if (this.#failures > 1 && (await this.#isOver())) {
        this.dispatchEvent(new MessageEvent("bye"));
        return;
      }
      if (!this.#ended) this.#connect();
    }

    async #isOver() {
      const address = document.body.dataset.welcome;
      if (!address) return false;
      try {
        const answer = await fetch(address, { redirect: "manual", cache: "no-store" });
        return answer.type === "opaqueredirect" || answer.status === 403;
      } catch {
        return false;
      }
    }

    #renew() {
      if (this.#ended) return;
      this.#failures = 0;
      this.#lose();
    }

    #isDead() {
      return Date.now() - this.heardAt > DEAD_AFTER_S * 1000;
    }

    #tick() {
      const slept = Date.now() - this.#tickedAt > ASLEEP_MS && !document.hidden;
      this.#tickedAt = Date.now();
      if (this.readyState === EventSource.OPEN && (slept || this.#isDead())) this.#renew();
    }
  }

  htmx.createEventSource = (address) => new Stream(address);
})();
