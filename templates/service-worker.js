{% load static %}// Says in words that there is no connection. It keeps that one page and its two style sheets: no conversation, ever.
// A notification that is pressed leads to its conversation.
"use strict";

const KEPT = "no-connection-1";
const PAGE = "{% url 'conversations:offline' %}";
const FILES = [PAGE, "{% static 'conversations/tokens.css' %}", "{% static 'conversations/base.css' %}"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)))).then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(PAGE, { ignoreVary: true })));
  } else if (FILES.includes(new URL(request.url).pathname)) {
    event.respondWith(fetch(request).catch(() => caches.match(request, { ignoreVary: true })));
  }
});

// The window that shows it; else one of the conversations, where what is written is kept; else a new one.
const show = async (url) => {
  const windows = await self.clients.matchAll({ type: "window" });
  const path = (one) => new URL(one.url).pathname;
  const there = windows.find((one) => path(one) === url);
  const near = there ?? windows.find((one) => path(one) === "/" || path(one).startsWith("/c/"));
  if (!near) return self.clients.openWindow(url || "/");
  await near.focus();
  if (url && !there) await near.navigate(url);
};

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data.url));
});
