"""Tests of callbacks, profilers and the cache."""
