package main

type growthCmd struct{ options }
