package main

type pagesCmd struct{ options }
