"""Small pieces that know nothing about support."""
