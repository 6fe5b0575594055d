// The official openai package for Go: each scenario as a stream, a line of JSON for each. Built with
// two versions of it: older ones end at an event without data, newer ones at any member `error`.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

type said struct {
	Text   string  `json:"text"`
	Tokens int64   `json:"tokens"`
	Error  *string `json:"error"`
}

func run(client openai.Client, model string) said {
	var result said
	stream := client.Chat.Completions.NewStreaming(context.Background(),
		openai.ChatCompletionNewParams{
			Model:         model,
			Messages:      []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Hello!")},
			StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
		})
	for stream.Next() {
		chunk := stream.Current()
		for _, choice := range chunk.Choices {
			result.Text += choice.Delta.Content
		}
		result.Tokens += chunk.Usage.CompletionTokens
	}
	if err := stream.Err(); err != nil {
		text := err.Error()
		var refusal *openai.Error // whose text is not always in Error()
		if errors.As(err, &refusal) && refusal.Message != "" {
			text = refusal.Message
		}
		result.Error = &text
	}
	return result
}

func main() {
	client := openai.NewClient(option.WithMaxRetries(0))
	out := json.NewEncoder(os.Stdout)
	for _, name := range os.Args[1:] {
		_ = out.Encode(map[string]said{name: run(client, name)})
	}
}
