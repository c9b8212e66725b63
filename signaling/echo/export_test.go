package echo

// BreakPort closes the port as a fault of the network would.
func (s *Server) BreakPort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.port.close()
}

// ReadOffer tells what is wrong with an offer.
func ReadOffer(sdp string) error {
	_, err := readOffer(sdp)
	return err
}
