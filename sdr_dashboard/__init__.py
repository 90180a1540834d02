"""The project: how the house is wired; nothing about WhatsApp."""
