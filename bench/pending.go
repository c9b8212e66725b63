package main

type herdCmd struct{ options }
type idleCmd struct{ options }
type memoryCmd struct{ options }
type clientsCmd struct{}
type floorRoomCmd struct{}
