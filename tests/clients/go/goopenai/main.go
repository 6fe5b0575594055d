// go-openai: each scenario as a stream, a line of JSON for each.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	openai "github.com/sashabaranov/go-openai"
)

type said struct {
	Text   string  `json:"text"`
	Tokens int     `json:"tokens"`
	Error  *string `json:"error"`
}

func (result *said) fail(err error) {
	text := err.Error()
	result.Error = &text
}

func run(client *openai.Client, model string) said {
	var result said
	stream, err := client.CreateChatCompletionStream(context.Background(),
		openai.ChatCompletionRequest{
			Model:         model,
			Messages:      []openai.ChatCompletionMessage{{Role: "user", Content: "Hello!"}},
			StreamOptions: &openai.StreamOptions{IncludeUsage: true},
		})
	if err != nil {
		result.fail(err)
		return result
	}
	defer stream.Close()
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return result
		}
		if err != nil {
			result.fail(err)
			return result
		}
		for _, choice := range chunk.Choices {
			result.Text += choice.Delta.Content
		}
		if chunk.Usage != nil {
			result.Tokens += chunk.Usage.CompletionTokens
		}
	}
}

func main() {
	config := openai.DefaultConfig(os.Getenv("OPENAI_API_KEY"))
	config.BaseURL = os.Getenv("OPENAI_BASE_URL")
	client := openai.NewClientWithConfig(config)
	out := json.NewEncoder(os.Stdout)
	for _, name := range os.Args[1:] {
		_ = out.Encode(map[string]said{name: run(client, name)})
	}
}
