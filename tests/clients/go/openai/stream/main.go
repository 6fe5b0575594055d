// What the official openai package for Go reads streams with, its package ssestream, without the rest,
// which takes minutes to compile: each scenario as a stream, a line of JSON for each.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"

	"github.com/openai/openai-go/v3/packages/ssestream"
)

type said struct {
	Text   string  `json:"text"`
	Tokens int64   `json:"tokens"`
	Error  *string `json:"error"`
}

type chunk struct {
	Choices []struct {
		Delta struct {
			Content string `json:"content"`
		} `json:"delta"`
	} `json:"choices"`
	Usage struct {
		CompletionTokens int64 `json:"completion_tokens"`
	} `json:"usage"`
}

func ask(model string) (*http.Response, error) {
	body, _ := json.Marshal(map[string]any{
		"model":          model,
		"messages":       []map[string]string{{"role": "user", "content": "Hello!"}},
		"stream":         true,
		"stream_options": map[string]bool{"include_usage": true},
	})
	request, err := http.NewRequest(http.MethodPost,
		os.Getenv("OPENAI_BASE_URL")+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+os.Getenv("OPENAI_API_KEY"))
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode < 400 {
		return response, err
	}
	defer response.Body.Close()
	var refusal struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.NewDecoder(response.Body).Decode(&refusal); err != nil {
		return nil, err
	}
	return nil, errors.New(refusal.Error.Message)
}

func run(model string) said {
	var result said
	response, err := ask(model)
	if err == nil {
		stream := ssestream.NewStream[chunk](ssestream.NewDecoder(response), nil)
		defer stream.Close()
		for stream.Next() {
			chunk := stream.Current()
			for _, choice := range chunk.Choices {
				result.Text += choice.Delta.Content
			}
			result.Tokens += chunk.Usage.CompletionTokens
		}
		err = stream.Err()
	}
	if err != nil {
		text := err.Error()
		result.Error = &text
	}
	return result
}

func main() {
	out := json.NewEncoder(os.Stdout)
	for _, name := range os.Args[1:] {
		_ = out.Encode(map[string]said{name: run(name)})
	}
}
