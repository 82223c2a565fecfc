package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/chromedp/chromedp"

	"guestlist"
	"guestlist/client"
	"guestlist/internal/server"
)

// The administrator of the pictures.
const (
	hostName     = "hostess@northwind.example"
	hostPassword = "Let-them-in-4711"
)

// The size of the console's pictures in CSS pixels.
const (
	consoleWidth  = 1280
	consoleHeight = 800
)

// guests are the people on the pictures of the console, beside those that the
// development mode has.
var guests = []client.NewUser{
	{PrimaryEmail: "grace@northwind.example", Username: "grace", Name: "Grace Hopper"},
	{PrimaryEmail: "katherine@northwind.example", Name: "Katherine Johnson"},
	{PrimaryEmail: "mary@northwind.example", Username: "mary", Name: "Mary Jackson"},
	{PrimaryEmail: "edsger@northwind.example", Name: "Edsger Dijkstra"},
	{PrimaryEmail: "hedy@northwind.example", Name: "Hedy Lamarr"},
}

// consolePictures are the pages of the console that the documents show, with
// what has to be on them before the picture is taken.
func consolePictures(app guestlist.ApplicationID) []struct{ file, path, wait string } {
	application := "/console/applications/" + client.Segment(app)
	return []struct{ file, path, wait string }{
		{"overview.png", "/console", "main"},
		{"users.png", "/console/users", "main table"},
		{"experience.png", "/console/sign-in-experience", "main form"},
		{"sign-up.png", "/console/sign-in-experience/sign-up-and-sign-in", "main form"},
		{"snippets.png", application + "/snippets", "main .snippets"},
		{"magic-link.png", application + "/magic-link", "main form"},
	}
}

// takeConsole takes the pictures of the console, signed in as its first
// administrator.
func takeConsole(ctx context.Context, s *server.Server, app guestlist.ApplicationID, dir string) error {
	for _, g := range guests {
		if _, err := s.Client().CreateUser(ctx, g); err != nil {
			return err
		}
	}
	link, err := s.SetupLink(ctx)
	if err != nil {
		return err
	}
	tab, end := openTab(ctx)
	defer end()
	if err := prepare(tab, "light"); err != nil {
		return err
	}
	if err := chromedp.Do(tab, chromedp.EmulateViewport(consoleWidth, consoleHeight)); err != nil {
		return err
	}
	if err := enter(tab, link); err != nil {
		return fmt.Errorf("entering the console: %w", err)
	}
	for _, p := range consolePictures(app) {
		if err := chromedp.Do(tab, chromedp.Navigate(s.Endpoint()+p.path), chromedp.WaitVisible(p.wait), chromedp.WaitReady("html[data-ready]")); err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		shot, err := capture(tab)
		if err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		if err := keep(filepath.Join(dir, p.file), shot); err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
	}
	return nil
}

// enter makes the first administrator by the setup link and signs in.
func enter(tab context.Context, link string) error {
	const button = "form button[type=submit], form button:not([type])"
	press := func(selector string) error {
		_, err := chromedp.RunResponse(tab, chromedp.Click(selector))
		return err
	}
	if err := chromedp.Do(tab, chromedp.Navigate(link),
		chromedp.SendKeys("input[name=identifier]", hostName), chromedp.SendKeys("input[name=newPassword]", hostPassword),
		chromedp.SendKeys("input[name=confirmPassword]", hostPassword)); err != nil {
		return err
	}
	for _, selector := range []string{button, "a[href*='/console']"} {
		if err := press(selector); err != nil {
			return err
		}
	}
	if err := chromedp.Do(tab, chromedp.SendKeys("input[name=identifier]", hostName)); err != nil {
		return err
	}
	if err := press(button); err != nil {
		return err
	}
	if err := chromedp.Do(tab, chromedp.SendKeys("input[name=password]", hostPassword)); err != nil {
		return err
	}
	if err := press(button); err != nil {
		return err
	}
	return chromedp.Do(tab, chromedp.WaitVisible("body[data-page=overview]"))
}
