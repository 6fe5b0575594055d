// OpenTelemetry's collector, as much of it as reads our traces: its OTLP receiver listens on a free
// port of this machine, and each batch is a line of JSON in the file that is named. All the parts of
// the whole program would take three times as long to build.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.uber.org/zap"
)

func writeTo(file *os.File) consumer.ConsumeTracesFunc {
	return func(_ context.Context, traces ptrace.Traces) error {
		line, err := new(ptrace.JSONMarshaler).MarshalTraces(traces)
		if err == nil {
			_, err = file.Write(append(line, '\n'))
		}
		return err
	}
}

func listen(next consumer.Traces) (receiver.Traces, error) {
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	http := map[string]any{"endpoint": "127.0.0.1:0"}
	given := map[string]any{"protocols": map[string]any{"http": http}}
	if err := confmap.NewFromStringMap(given).Unmarshal(config); err != nil {
		return nil, err
	}
	logger, err := zap.NewDevelopment()
	if err != nil {
		return nil, err
	}
	settings := receiver.Settings{
		ID:                component.NewID(factory.Type()),
		TelemetrySettings: componenttest.NewNopTelemetrySettings(),
		BuildInfo:         component.NewDefaultBuildInfo(),
	}
	settings.Logger = logger
	return factory.CreateTraces(context.Background(), settings, config, next)
}

func run(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	next, err := consumer.NewTraces(writeTo(file))
	if err != nil {
		return err
	}
	traces, err := listen(next)
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	if err := traces.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		return err
	}
	<-stop
	return traces.Shutdown(context.Background())
}

func main() {
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}
